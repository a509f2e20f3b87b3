import os

import torch

if not torch.cuda.is_available():
    # Read when Triton is imported: its programs then run on the CPU, step by step.
    os.environ["TRITON_INTERPRET"] = "1"
