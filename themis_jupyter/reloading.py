"""Answering requests for a reload: each gets one report and one terminal event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from .errors import describe
from .history_keeper import HistoryKeeper
from .loader import Loader
from .loading import check
from .operation import Operation
from .phases import Outcome, Phase
from .policy import Policy
from .registry import Registry
from .reload.source import Source
from .report import ReloadReport
from .request import Request
from .running import Runner
from .transaction import Transaction


class Reloader:
    """Does one reload.

    :param loader: loads what the new code needs.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Callable[[], Policy],
        loader: Loader,
        runner: Runner,
        operation: Operation,
        history: HistoryKeeper,
    ) -> None:
        self._registry = registry
        self._policy = policy
        self._loader = loader
        self._runner = runner
        self._operation = operation
        self._history = history

    def answer(self, request: Request, refused: BaseException | None) -> ReloadReport:
        """Reload, tell how it ended, and return the report; never raises.

        :param refused: why it is not even tried.
        """
        operation = self._operation
        try:
            if refused is not None:
                raise refused
            report = self._reload(request)
        except BaseException as error:  # noqa: BLE001 - always an answer, whatever was raised
            report = self._refuse(request, error)
        self.remember(report)
        error_line = describe(report.error) if report.error else None
        operation.tell(report.plugin, report.outcome, "ended", report.elapsed, error_line)
        late = [w for w in operation.warnings if w not in report.warnings]
        if late:  # listeners raised at the very end
            report = report.with_warnings(*late)
            self.remember(report)
        return report

    def _reload(self, request: Request) -> ReloadReport:
        group = self._registry.group(request.asked, request.cascade)
        names = [record.name for record in group]
        transaction = Transaction(
            group,
            request,
            self._operation,
            self._runner,
            needed_by={
                name: [d for d in self._registry.dependents(name) if d not in names]
                for name in names
            },
            check=self._check,
            load_needed=self._loader.load_needed,
            overlay=self._loader.finder.overlay,
            history=self._history,
        )
        return transaction.run()

    def _check(self, module: str, source: Source) -> None:
        self._runner.call(module, "the policy's check", check, self._policy(), module, source)

    def _refuse(self, request: Request, error: BaseException) -> ReloadReport:
        """Return the report of a reload that was not even begun."""
        operation, names = self._operation, tuple(map(str, request.asked)) or ("?",)
        with suppress(BaseException), operation.step(names[0], Phase.CHECK):
            raise error
        return ReloadReport(
            names,
            Outcome.ABORTED,
            steps=tuple(operation.steps),
            error=error,
            warnings=tuple(operation.warnings),
            elapsed=operation.elapsed,
            words=request.words,
        )

    def remember(self, report: ReloadReport) -> None:
        """Keep a report as the last one of the plugins that it is about."""
        for name in report.plugins:
            record = self._registry.find(name)
            if record is not None and record.is_loaded:
                record.last = report
                if report:
                    record.failure = None
                elif report.error is not None:
                    record.failure = report
