"""What is read of a row again each time, or once where nothing can change meanwhile."""


class read_once_held:  # noqa: N801 - used like property
    """A property that asks the database each time; of an object that is `held`, only once."""

    def __init__(self, read):
        self.read, self.__doc__ = read, read.__doc__

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, row, owner=None):
        if row is None:
            return self
        if row.held is None:
            return self.read(row)
        if self.name not in row.held:
            row.held[self.name] = self.read(row)
        return row.held[self.name]
