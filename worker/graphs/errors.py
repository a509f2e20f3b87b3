"""What is wrong with a graph or with what is asked of it."""


class BadGraph(ValueError):
    """Something that its sender can mend.

    Attributes:
        field: where, such as `edges.dst[17]`; the first offender of several.
        message: what to change.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
