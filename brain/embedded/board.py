"""What `brain up` shows: a live table while things start, lines afterwards (and always, where there is no terminal)."""

from collections.abc import Iterable

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from brain.embedded.component import Phase, Status

_STYLE = {
    Phase.WAITING: "dim",
    Phase.PREPARING: "yellow",
    Phase.STARTING: "yellow",
    Phase.READY: "green",
    Phase.DONE: "green",
    Phase.RESTARTING: "yellow",
    Phase.FAILED: "red",
    Phase.STOPPING: "dim",
    Phase.STOPPED: "dim",
}
_WORTH_A_LINE = {Phase.READY, Phase.DONE, Phase.RESTARTING, Phase.FAILED}


def status_table(statuses: Iterable[Status]) -> Table:
    """Return the table of components: name, phase, seconds its start took, address or note."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("component", "state", "seconds", ""):
        table.add_column(heading, justify="right" if heading == "seconds" else "left", no_wrap=heading != "")
    for status in statuses:
        seconds = "" if status.elapsed_s is None else f"{status.elapsed_s:.1f}"
        note = status.note.partition("\n")[0] or status.component.address
        table.add_row(status.component.name, f"[{_STYLE[status.phase]}]{status.phase}", seconds, escape(note))
    return table


class Board:
    """Shows the phases of components on one console."""

    def __init__(self, console: Console, statuses: Iterable[Status]) -> None:
        """Take where to show what."""
        self._console = console
        self._statuses = list(statuses)
        self._live: Live | None = None

    def open(self) -> None:
        """Begin the live table, if the console is a terminal."""
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=lambda: status_table(self._statuses), console=self._console, refresh_per_second=8
            )
            self._live.start(refresh=True)

    def close(self) -> None:
        """Leave the table as it is now; lines follow."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def changed(self, status: Status) -> None:
        """Tell of a component that entered another phase."""
        if self._live is not None or status.phase not in _WORTH_A_LINE:
            return
        first = status.phase in {Phase.READY, Phase.DONE} and status.took_s is not None and not status.restarts
        took = f" in {status.took_s:.1f} s" if first else ""
        again = f" again (start {status.restarts + 1})" if status.restarts else ""
        note = f": {status.note}" if status.note else ""
        text = f"{status.component.name} {status.phase}{took}{again}{note}"
        self._console.print(escape(text), style=_STYLE[status.phase], highlight=False, soft_wrap=True)
