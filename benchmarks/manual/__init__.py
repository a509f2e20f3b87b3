"""The pictures and the generated page of docs/."""
