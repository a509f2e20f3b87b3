"""A job's events from a stream that may break, be silent, or be no stream of events at all.

The stream is listened to again as long as it is of use; in between the job is asked about, and each
answer told as a snapshot.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import httpx

from service.client.answers import document_of
from service.client.calls import POLL_S, Calls
from service.client.documents import JobDocument
from service.client.event_stream import EventDecoder
from service.jobs.events import Event, Pass, Snapshot, Terminal, terminal


class Story:
    """What has been told of a job: every pass once and in order, and the end last."""

    def __init__(self) -> None:
        self._passes = 0
        self.ended = False

    def tell(self, event: Event) -> Iterator[Event]:
        """An event, after the passes that it shows to be done; nothing of it is told twice."""
        done, of = _passes(event)
        yield from (Pass(index, of) for index in range(self._passes + 1, done + 1))
        self._passes = max(self._passes, done)
        self.ended = isinstance(event, Terminal)
        if not isinstance(event, Pass):
            yield event


def _passes(event: Event) -> tuple[int, int]:
    """How many are done, of how many, as far as the event says."""
    if isinstance(event, Pass):
        return event.index, event.of
    if isinstance(event, Snapshot | Terminal):
        progress = JobDocument.of(event.document).progress
        return progress.passes_done, progress.passes_total
    return 0, 0


async def follow(calls: Calls, job: str) -> AsyncGenerator[Event, None]:
    """The events of a job until its end; raises as `Calls.call`."""
    story, of_use = Story(), True
    while True:
        if of_use:
            of_use = False
            try:
                async with aclosing(_heard(calls, job)) as heard:
                    async for event in heard:
                        of_use = True
                        for each in story.tell(event):
                            yield each
            except httpx.TimeoutException:
                pass  # silent; where nothing was heard, somebody in between holds events back
            except httpx.RequestError:
                of_use = True  # the service may be back by the next time
            if story.ended:
                return
        for each in story.tell(await _asked(calls, job)):
            yield each
        if story.ended:
            return
        await calls.wire.sleep(POLL_S)


async def _heard(calls: Calls, job: str) -> AsyncGenerator[Event, None]:
    """What one stream tells."""
    decoder = EventDecoder()
    async with aclosing(calls.wire.stream(f"/jobs/{job}/events")) as pieces:
        async for piece in pieces:
            for event in decoder.feed(piece):
                yield event
            if decoder.ended:
                return


async def _asked(calls: Calls, job: str) -> Event:
    answer = await calls.call("GET", f"/jobs/{job}")
    ended = document_of(answer).state.ended
    return terminal(answer.json()) if ended else Snapshot(answer.json())
