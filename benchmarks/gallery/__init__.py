"""Sheets of what the shader makes of pictures, to judge it by eye: `make gallery`.

`plans.py` says which sheets there are, `sheets.py` how each kind is put together, `sweeps.py` the
values of each field, `studio.py` has the jobs run, `layout.py` and `page.py` show the results.
"""
