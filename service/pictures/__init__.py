"""Image files in, image files out; decoding happens in processes of its own."""
