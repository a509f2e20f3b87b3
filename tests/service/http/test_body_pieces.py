"""What readers of a body are handed."""

from service.http.body_guards import PIECE, GuardedBody


async def test_a_reader_gets_pieces_that_the_form_parser_can_buffer():
    body = GuardedBody(None, None)
    sent = [bytes([i]) * size for i, size in enumerate((1, 65_536, PIECE, PIECE + 1))]
    for each in sent:
        body.append(each)
    body.set_complete()
    pieces = [piece async for piece in body]
    assert b"".join(pieces) == b"".join(sent)
    assert max(map(len, pieces)) <= PIECE < 64 * 1024
