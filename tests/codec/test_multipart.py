"""Multipart bodies: one way to cut them; ids are those of the threat catalogue."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.codec.form_data import FormPart, read_form, write_form
from proxy.codec.multipart import MAX_PARTS, boundary_of, join, split
from proxy.errors import Undecodable

KIND = "multipart/form-data; boundary=b"
NAMED = b'Content-Disposition: form-data; name="x"\r\n'


def refused(body: bytes, kind: str = KIND) -> str:
    """Return why a form is refused."""
    with pytest.raises(Undecodable) as caught:
        read_form(kind, body)
    return caught.value.reason


def form(*parts: bytes) -> bytes:
    """Return a form of parts, each header and body."""
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def test_values_and_files_are_read_and_written() -> None:
    """Names, file names and types are kept; whatever bytes a file has are its own."""
    parts = [
        FormPart("note", "Mara é".encode(), None, "text/plain; charset=UTF-8"),
        FormPart("file", b"\r\n-- \0\xff\r\n", "a b.bin", "application/octet-stream"),
        FormPart("empty", b""),
    ]
    assert read_form(*write_form(parts)) == parts
    assert read_form(KIND, form(NAMED + b"\r\n1")) == read_form(KIND, form(NAMED + b"\r\n1")[:-2])


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=b; boundary=c",
        'multipart/form-data; boundary="b"; boundary=b',
        "multipart/form-data; boundary=b; charset=utf-8",
        'multipart/form-data; boundary="b',
        'multipart/form-data; boundary="b "',
        'multipart/form-data; boundary="b\\b"',
        "multipart/form-data; boundary=b c",
        f"multipart/form-data; boundary={'b' * 71}",
        "multipart/mixed; boundary=b",
        "multipart/form-data; boundary*=utf-8''b",
    ],
)
def test_mp_01_one_boundary(kind: str | None) -> None:
    """MP-01: stated once, in full, and as nothing else."""
    with pytest.raises(Undecodable) as caught:
        boundary_of(kind, "multipart/form-data")
    assert caught.value.status == 415
    assert boundary_of('Multipart/Form-Data;boundary="a b"'.replace(" ", ""), "multipart/form-data") == "ab"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        form(NAMED + b"\r\n1").replace(b"\r\n", b"\n"),
        form(NAMED + b"\r\n1").removesuffix(b"--b--\r\n"),
        form(NAMED + b"\r\n1").removesuffix(b"--\r\n"),
        form(NAMED + b"\r\n1\r\n--bb\r\n2"),
        form(NAMED + b"\r\n1\n--b\r\n2"),
        form(NAMED + b"\r\n1\r--b--\r\n2"),
        form(NAMED + b"\r\n1\r\n--b \r\n" + NAMED + b"\r\n2"),
        form(NAMED + b"\r\n1") + form(NAMED + b"\r\n2"),
        b" " + form(NAMED + b"\r\n1"),
    ],
)
def test_mp_01_one_way_to_cut(body: bytes) -> None:
    """MP-01: bare line feeds, longer boundaries, padding, a last boundary that is missing or stands twice."""
    assert refused(body) == "bad_multipart"


@pytest.mark.parametrize(
    "body",
    [
        b"preamble\r\n" + form(NAMED + b"\r\n1"),
        form(NAMED + b"\r\n1") + b"epilogue",
        form(NAMED + b"\r\n1") + b"\r\n",
        form(NAMED + b"Content-Transfer-Encoding: base64\r\n\r\nMQ=="),
        form(NAMED + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=31"),
        form(NAMED + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c--"),
        form(NAMED + b"Content-Type: text/plain; charset=utf-7\r\n\r\n1"),
        form(NAMED + b"X-Other: 1\r\n\r\n1"),
        form(NAMED + b"Content-Length: 2\r\n\r\n1"),
    ],
)
def test_mp_02_nothing_beside_the_parts_and_nothing_coded(body: bytes) -> None:
    """MP-02: preamble, epilogue, transfer encodings, parts inside parts."""
    assert refused(body) == "bad_multipart"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Content-Disposition: form-data\r\n",
        b'Content-Disposition: attachment; name="x"\r\n',
        b"Content-Disposition: form-data; name=x\r\n",
        b'Content-Disposition: form-data; name=""\r\n',
        b'Content-Disposition: form-data; name="x"; name="y"\r\n',
        b'Content-Disposition: form-data; name="x\\"; filename=\\"y"\r\n',
        b"Content-Disposition: form-data; name=\"x\"; filename*=UTF-8''y\r\n",
        b'Content-Disposition: form-data; name="x"; filename="y"; filename*=UTF-8\'\'z\r\n',
        b'Content-Disposition: form-data; name="x\ry"\r\n',
        b'Content-Disposition: form-data; name="x\ny"\r\n',
        b'Content-Disposition: form-data;\r\n name="x"\r\n',
        b'Content-Disposition: form-data; name="\xff"\r\n',
        b'Content-Disposition : form-data; name="x"\r\n',
        NAMED + NAMED,
        NAMED + b'content-disposition: form-data; name="y"\r\n',
        b'Content-Disposition: form-data; name="' + b"x" * 9_000 + b'"\r\n',
    ],
)
def test_mp_04_a_part_has_one_name(head: bytes) -> None:
    """MP-04: none, two, escaped, folded, or in another encoding."""
    assert refused(form(head + b"\r\n1")) == "bad_multipart"


def test_mp_04_no_two_parts_have_the_same() -> None:
    """MP-04, FO-01: readers take the first or the last."""
    assert refused(form(NAMED + b"\r\n1", NAMED + b"\r\n2")) == "duplicate_key"


def test_pd_16_parts_are_bounded() -> None:
    """PD-16: counted before any is read."""
    assert refused(form(*[NAMED + b"\r\n1"] * (MAX_PARTS + 1))) == "too_many_items"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [FormPart('x"', b"")],
        [FormPart("x\r\ny: z", b"")],
        [FormPart("", b"")],
        [FormPart("x", b"", 'y"')],
        [FormPart("x", b"", None, "text/plain\r\nx: y")],
    ],
)
def test_what_has_no_form_is_refused(parts: list[FormPart]) -> None:
    """No name breaks out of its quotes."""
    with pytest.raises(Undecodable):
        write_form(parts)


@given(
    st.lists(
        st.binary(max_size=30).filter(lambda body: b"\r" not in body and b"\n" not in body),
        min_size=1,
        max_size=5,
    )
)
def test_an_independent_reader_reads_what_was_inspected(bodies: list[bytes]) -> None:
    """The standard library's reader finds the same parts with the same names."""
    kind, body = write_form([FormPart(f"n{at}", inside) for at, inside in enumerate(bodies)])
    message = email.message_from_bytes(
        b"content-type: " + kind.encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
    )
    assert isinstance(message, EmailMessage)
    found = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in message.iter_parts()
    ]
    assert found == [(f"n{at}", inside) for at, inside in enumerate(bodies)]
    assert [part.body for part in read_form(kind, body)] == bodies


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4))
def test_any_bytes_come_back(bodies: list[bytes]) -> None:
    """A body may hold line ends and dashes of its own."""
    boundary, body = join([([("a", "b")], inside) for inside in bodies])
    assert [part.body for part in split(body, boundary)] == bodies


@given(st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"\n", b"\r", NAMED, b"1", b": "]), max_size=12))
def test_nothing_but_a_refusal_comes_of_rubbish(parts: list[bytes]) -> None:
    """No bytes raise anything undeclared, and what is read is read again from what is written."""
    try:
        found = read_form(KIND, b"".join(parts))
    except Undecodable:
        return
    assert read_form(*write_form(found)) == found
