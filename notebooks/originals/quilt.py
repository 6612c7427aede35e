"""A quilt: many patches, sewn together row by row."""

from themis_jupyter import PluginManager, StatefulPlugin

WIDTH = 32


def pattern(row, column):
    """Return the number of the colour of one patch."""
    return row + column


class Quilt(StatefulPlugin):
    """The quilt. The rows that are sewn are its state."""

    version = "1.0"
    description = "a quilt that grows"
    dependencies = ("yarn",)
    transient = ("yarn",)

    def initialize(self, config):
        """Begin with no rows; after a reload, the saved ones are put back."""
        self.yarn = PluginManager.instance().get_plugin("yarn")
        self.rows = []

    def sew(self, rows):
        """Sew some more rows, and return the quilt."""
        for row in range(len(self.rows), len(self.rows) + rows):
            colours = (self.yarn.colour(pattern(row, column)) for column in range(WIDTH))
            self.rows.append("".join(colours))
        return "\n".join(self.rows)
