"""Documents come in over HTTP, are kept once, and can be deleted (contract section 10)."""

import hashlib
from collections.abc import Iterator

import httpx
import pytest

from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.rest.problems import assert_football_error, assert_football_fields

UPLOAD = "/api/v1/upload"
KEPT = {"auto_process": "false"}


def pdf() -> bytes:
    return f"%PDF-1.7 {unique('content')}".encode()


def upload(api: Api, content: bytes, name: str = "sheet.pdf", **fields: str) -> httpx.Response:
    file = (name, content, "application/pdf")
    return api.http.post(UPLOAD, files={"file": file}, data=KEPT | fields)


def document(api: Api, content: bytes) -> Json:
    key = hashlib.sha256(content).hexdigest()[:32]
    shown: Json = api.get(f"/api/v1/documents/{key}")
    return shown


def test_an_upload_is_answered_as_documented(api: Api) -> None:
    name = f"{unique('sheet')}.pdf"
    response = upload(api, pdf(), name)
    assert answered(response, 201) == {
        "success": True,
        "message": "File uploaded successfully",
        "file_path": f"source/{name}",
        "job_id": None,
    }
    assert int(response.headers["X-Event-Position"]) > 0


def test_a_user_may_upload_and_a_stranger_may_not(user_api: Api, stranger: Api) -> None:
    answered(upload(user_api, pdf()), 201)
    assert_football_error(upload(stranger, pdf()), 401)


def test_the_same_bytes_are_one_document_under_whatever_name(api: Api) -> None:
    content, first, second = pdf(), f"{unique('a')}.pdf", f"{unique('b')}.pdf"
    assert answered(upload(api, content, first), 201)["file_path"] == f"source/{first}"
    assert answered(upload(api, content, second), 201)["file_path"] == f"source/{second}"
    assert document(api, content)["file_path"] == f"source/{second}"
    listed = api.get("/api/v1/documents")["items"]
    digest = hashlib.sha256(content).hexdigest()
    assert [each["sha256"] for each in listed].count(digest) == 1


def test_another_document_of_the_same_name_gets_a_path_of_its_own(api: Api) -> None:
    name = f"{unique('same')}.pdf"
    contents = [pdf(), pdf()]
    paths = [answered(upload(api, each, name), 201)["file_path"] for each in contents]
    digest = hashlib.sha256(contents[1]).hexdigest()
    assert paths == [f"source/{name}", f"source/{name[:-4]}-{digest[:12]}.pdf"]
    again = [answered(upload(api, each, name), 201)["file_path"] for each in contents]
    assert again == paths


def test_a_name_loses_its_directories(api: Api) -> None:
    name = f"{unique('Árvíztűrő lap')}.pdf"
    response = upload(api, pdf(), f"../../home/ann/{name}")
    assert answered(response, 201)["file_path"] == f"source/{name}"


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.pdf"), (b"<html>no</html>", "page.pdf"), (b"%PDF-1.7", "sheet.exe")],
)
def test_what_is_no_pdf_is_refused(api: Api, content: bytes, name: str) -> None:
    assert_football_fields(upload(api, content, name), "file")


def test_a_file_of_another_kind_is_refused_as_documented(api: Api) -> None:
    error = upload(api, b"PK\x03\x04", "sheet.zip").json()["error"]
    assert error["message"] == "Validation error"
    assert error["details"] == {"file": ["File type not supported. Only PDF files are allowed."]}


@pytest.mark.parametrize("priority", ["5", "-1", "high", "2.5"])
def test_a_priority_is_0_to_4(api: Api, priority: str) -> None:
    assert_football_fields(upload(api, pdf(), priority=priority), "priority")


def test_a_priority_out_of_range_is_refused_as_documented(api: Api) -> None:
    details = upload(api, pdf(), priority="7").json()["error"]["details"]
    assert details == {"priority": ["Priority must be between 0 and 4."]}


def test_all_that_is_wrong_is_told_at_once_as_documented(api: Api) -> None:
    sent = upload(api, b"no PDF" * 100_000, priority="7", auto_process="perhaps")
    assert sent.json()["error"]["details"] == {
        "file": ["File type not supported. Only PDF files are allowed."],
        "priority": ["Priority must be between 0 and 4."],
        "auto_process": ["must be true or false"],
    }


def test_a_flag_is_true_or_false(api: Api) -> None:
    assert_football_fields(upload(api, pdf(), auto_process="perhaps"), "auto_process")


def test_a_form_without_a_file_is_refused(api: Api) -> None:
    form = {"priority": (None, "3")}
    assert_football_fields(api.http.post(UPLOAD, files=form), "file")
    not_a_file = {"file": (None, "%PDF-1.7")}
    assert_football_fields(api.http.post(UPLOAD, files=not_a_file), "file")


def test_two_files_are_refused(api: Api) -> None:
    files = [("file", ("a.pdf", pdf())), ("file", ("b.pdf", pdf()))]
    assert_football_fields(api.http.post(UPLOAD, files=files), "file")


def test_what_is_no_form_is_refused(api: Api) -> None:
    assert_football_error(api.http.post(UPLOAD, json={"file": "x"}), 415)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in (b"", b"--x\r\nbroken", b"no boundary at all"):
        response = api.http.post(UPLOAD, content=content, headers=form)
        assert_football_fields(response, "body")
    assert_football_fields(
        api.http.post(UPLOAD, content=b"--", headers={"Content-Type": "multipart/form-data"}),
        "body",
    )


def test_fields_may_come_after_the_file(api: Api) -> None:
    content = b"".join(
        [
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="late.pdf"\r\n\r\n',
            pdf(),
            b'\r\n--x\r\nContent-Disposition: form-data; name="priority"\r\n\r\n9\r\n--x--\r\n',
        ]
    )
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    response = api.http.post(UPLOAD, content=content, headers=form)
    assert_football_fields(response, "priority")


@pytest.fixture
def small(api: Api) -> Iterator[None]:
    """Let documents be no larger than a megabyte."""
    section = {"config_section": "security"}
    api.http.put("/api/v1/config", json=section | {"config_data": {"max_file_size_mb": 1}})
    yield
    api.http.put("/api/v1/config", json=section | {"config_data": {"max_file_size_mb": None}})


@pytest.mark.usefixtures("small")
def test_what_is_too_large_is_refused_as_documented(api: Api) -> None:
    response = upload(api, b"%PDF-" + bytes(2 * 1024 * 1024))
    assert_football_error(response, 400)
    error = response.json()["error"]
    assert error["message"] == "Validation error"
    assert error["details"] == "File size exceeds maximum allowed size"
    answered(upload(api, b"%PDF-" + bytes(1024 * 1024 - 5)), 201)


def test_the_bytes_can_be_deleted_and_come_in_again(api: Api, user_api: Api) -> None:
    content, name = pdf(), f"{unique('deleted')}.pdf"
    path = answered(upload(api, content, name), 201)["file_path"]
    shown = document(api, content)
    assert shown["is_stored"]
    address = f"/api/v1/documents/{shown['id']}"
    assert user_api.http.delete(address).status_code == 403

    deleted = answered(api.http.delete(address), 200)
    assert (deleted["is_stored"], deleted["deleted_at"] is None) == (False, False)
    refused = api.http.post("/api/v1/process/file", json={"file_path": path})
    assert_football_error(refused, 404, "has been deleted")

    answered(upload(api, content, name), 201)
    assert document(api, content)["is_stored"]


def test_an_unknown_document_is_not_found(api: Api) -> None:
    assert api.http.get("/api/v1/documents/unknown").status_code == 404
    assert api.http.delete("/api/v1/documents/unknown").status_code == 404


@pytest.mark.parametrize(
    "file_path", ["../jwt.key", "source/../../jwt.key", "/etc/passwd", "source/", "elsewhere/a.pdf"]
)
def test_a_path_that_leaves_the_store_is_refused(api: Api, file_path: str) -> None:
    response = api.http.post("/api/v1/process/file", json={"file_path": file_path})
    assert_football_fields(response, "file_path")


def test_a_path_that_leads_nowhere_is_not_found(api: Api) -> None:
    response = api.http.post("/api/v1/process/file", json={"file_path": "source/nothing.pdf"})
    assert_football_error(response, 404, "source/nothing.pdf does not exist")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"job_type": "other"}, "job_type"),
        ({"priority": 5}, "priority"),
        ({"priority": "2"}, "priority"),
        ({"parameters": {"extract_football": "yes"}}, "parameters.extract_football"),
        ({"file_path": None}, "file_path"),
    ],
)
def test_a_malformed_job_is_refused_by_its_field(api: Api, wrong: Json, field: str) -> None:
    body = {"file_path": "source/a.pdf"} | wrong
    assert_football_fields(api.http.post("/api/v1/process/file", json=body), field)
