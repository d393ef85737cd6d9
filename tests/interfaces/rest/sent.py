"""Every command that a request can bring, and how it is sent with conditions."""

import hashlib

import httpx
import psycopg

from tests.interfaces.api import PASSWORD, Api, Json, answered, own_template, unique, unique_url
from tests.interfaces.rest import stewardship_sent
from tests.interfaces.rest.sendable import Prepare, Sendable
from tests.serving import Served

UPLOAD = "/api/v1/upload"

# Of what somebody asked for. What is done in the background meanwhile does not count.
HEAD = """
SELECT COALESCE(max(notification_id), 0) FROM events WHERE metadata ->> 'actor' <> 'system'
"""


def send(api: Api, command: Sendable, **headers: str) -> httpx.Response:
    """Send a command; ``Idempotency_Key`` and ``If_Match`` are its headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if command.path == UPLOAD:
        return send_form(api, command, named)
    return api.http.request(command.method, command.path, json=command.body, headers=named)


def send_form(api: Api, command: Sendable, headers: dict[str, str]) -> httpx.Response:
    """Send a command whose body is a form: the file by its content, all else as fields."""
    fields = dict(command.body or {})
    file = ("sheet.pdf", fields.pop("file").encode(), "application/pdf")
    return api.http.request(
        command.method, command.path, files={"file": file}, data=fields, headers=headers
    )


def head(served: Served) -> int:
    """Tell where the log ends with what was asked for."""
    with psycopg.connect(served.environment["DATABASE_URL"]) as connection:
        row = connection.execute(HEAD).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def create_process(_: Api) -> Sendable:
    body = {"name": unique("process"), "meta": {"priority": "high"}}
    return Sendable("POST", "/api/v1/processes/", body)


def create_step(api: Api) -> Sendable:
    process = api.create_process("first")
    body = {"process_id": process, "index": 7, "name": "another", "is_rerunnable": True}
    return Sendable("POST", "/api/v1/steps/", body, f"process-{process}")


def set_retention(api: Api) -> Sendable:
    process = api.create_process()
    path = f"/api/v1/processes/{process}/retention"
    return Sendable("PUT", path, {"retention_months": 12}, f"process-{process}")


def delete_process(api: Api) -> Sendable:
    process = api.create_process("only")
    return Sendable("DELETE", f"/api/v1/processes/{process}", None, f"process-{process}")


def restore_process(api: Api) -> Sendable:
    process = api.create_process("only")
    api.http.delete(f"/api/v1/processes/{process}")
    return Sendable("POST", f"/api/v1/processes/{process}/restore", None, f"process-{process}")


def start_run(api: Api) -> Sendable:
    body = {"process_id": api.create_process("one", "two"), "entity_id": unique("entity")}
    return Sendable("POST", "/api/v1/runs/", body | {"meta": {"email": "ann@example.org"}})


def update_step_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("one", "two"))
    path = f"/api/v1/step-runs/{run['steps'][1]['id']}"
    body = {"status": "success", "meta": {"note": "well done"}}
    return Sendable("PATCH", path, body, f"run-{run['id']}")


def rerun_step_run(api: Api) -> Sendable:
    process = api.create_process()
    api.add_step(process, 1, "only", is_rerunnable=True, rerun_config={"max_retries": 3})
    run = api.start_run(process)
    api.report_all(run, "failed")
    path = f"/api/v1/step-runs/{run['steps'][0]['id']}/rerun"
    return Sendable("POST", path, {"meta": {"note": "once more"}}, f"run-{run['id']}")


def change_run_metadata(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"), meta={"email": "ann@example.org"})
    body = {"meta": {"email": None, "priority": "low"}}
    return Sendable("PATCH", f"/api/v1/runs/{run['id']}/metadata", body, f"run-{run['id']}")


def cancel_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"))
    return Sendable("POST", f"/api/v1/runs/{run['id']}/cancel", None, f"run-{run['id']}")


def delete_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"))
    return Sendable("DELETE", f"/api/v1/runs/{run['id']}", None, f"run-{run['id']}")


def restore_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"))
    api.http.delete(f"/api/v1/runs/{run['id']}")
    return Sendable("POST", f"/api/v1/runs/{run['id']}/restore", None, f"run-{run['id']}")


def neutralize_run(api: Api) -> Sendable:
    run = api.start_run(api.create_process("only"), entity_name="Ann")
    path = f"/api/v1/runs/{run['id']}/neutralize"
    return Sendable("POST", path, {"reason": "asked to"}, f"run-{run['id']}")


def create_api_key(_: Api) -> Sendable:
    body = {"name": unique("key"), "description": "for tests", "expires_at": "2099-01-01T00:00:00Z"}
    return Sendable("POST", "/api/v1/api-keys/", body)


def create_api_key_as_admin(_: Api) -> Sendable:
    return Sendable("POST", "/api/v1/admin/api-keys/", {"name": unique("key")})


def toggle_api_key(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("PATCH", f"/api/v1/api-keys/{key}/toggle", None, f"api_key-{key}")


def toggle_api_key_as_admin(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("PATCH", f"/api/v1/admin/api-keys/{key}/toggle", None, f"api_key-{key}")


def revoke_api_key(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("DELETE", f"/api/v1/api-keys/{key}", None, f"api_key-{key}")


def revoke_api_key_as_admin(api: Api) -> Sendable:
    key = api.create_key()["id"]
    return Sendable("DELETE", f"/api/v1/admin/api-keys/{key}", None, f"api_key-{key}")


def register_user(_: Api) -> Sendable:
    body = {"username": unique("user"), "password": PASSWORD, "email": "ann@example.org"}
    return Sendable("POST", "/auth/users", body)


def change_user(api: Api) -> Sendable:
    username = api.register(email="old@example.org")["username"]
    body = {"email": "new@example.org", "roles": ["viewer"]}
    return Sendable("PATCH", f"/auth/users/{username}", body, f"user-{username}")


def register_webhook(_: Api) -> Sendable:
    return Sendable("POST", "/api/v1/webhooks", {"url": unique_url(), "events": ["system_error"]})


def change_webhook(api: Api) -> Sendable:
    webhook = api.register_webhook()
    body = {"url": webhook["url"], "events": ["process.created"]}
    return Sendable("PATCH", "/api/v1/webhooks", body, f"webhook-{webhook['id']}")


def rotate_webhook_secret(api: Api) -> Sendable:
    webhook = api.register_webhook()
    body = {"url": webhook["url"], "overlap_hours": 1}
    return Sendable("POST", "/api/v1/webhooks/rotate-secret", body, f"webhook-{webhook['id']}")


def disable_webhook(api: Api) -> Sendable:
    webhook = api.register_webhook()
    body = {"url": webhook["url"]}
    return Sendable("POST", "/api/v1/webhooks/disable", body, f"webhook-{webhook['id']}")


def enable_webhook(api: Api) -> Sendable:
    webhook = api.register_webhook()
    body = {"url": webhook["url"]}
    api.post("/api/v1/webhooks/disable", body)
    return Sendable("POST", "/api/v1/webhooks/enable", body, f"webhook-{webhook['id']}")


def unregister_webhook(api: Api) -> Sendable:
    webhook = api.register_webhook()
    path = f"/api/v1/webhooks?url={webhook['url']}"
    return Sendable("DELETE", path, None, f"webhook-{webhook['id']}")


def configure(api: Api) -> Sendable:
    api.http.put("/api/v1/config", json=configuring())
    return Sendable("PUT", "/api/v1/config", configuring(), "configuration")


def configuring() -> Json:
    """Give a body that sets what nothing was set to before, and what nobody else looks at."""
    return {
        "config_section": "file_watcher",
        "config_data": {"ignore_patterns": [unique("*.ignored")]},
    }


def change_team_aliases(api: Api) -> Sendable:
    def body() -> Json:
        return {"aliases": [{"alias": unique("alias"), "name": unique("name")}]}

    api.http.put("/api/v1/teams/aliases", json=body())
    return Sendable("PUT", "/api/v1/teams/aliases", body(), "team_aliases")


def reload_configuration(api: Api) -> Sendable:
    api.http.put("/api/v1/config", json=configuring())
    return Sendable("POST", "/api/v1/config/reload", None, "configuration")


def upload_document(_: Api) -> Sendable:
    return Sendable("POST", UPLOAD, {"file": unique("%PDF-"), "auto_process": "false"})


def process_file(api: Api) -> Sendable:
    uploaded = answered(send(api, upload_document(api)), 201)
    body = {"file_path": uploaded["file_path"], "priority": 0}
    return Sendable("POST", "/api/v1/process/file", body)


def cancel_job(api: Api) -> Sendable:
    job = answered(send(api, process_file(api)), 201)["job_id"]
    return Sendable("DELETE", f"/api/v1/process/job/{job}", None, f"job-{job}")


def delete_document(api: Api) -> Sendable:
    upload = upload_document(api)
    assert upload.body is not None
    key = hashlib.sha256(upload.body["file"].encode()).hexdigest()[:32]
    answered(send(api, upload), 201)
    return Sendable("DELETE", f"/api/v1/documents/{key}", None, f"document-{key}")


def define_template(_: Api) -> Sendable:
    return Sendable("POST", "/workflows/templates", own_template())


def revise_template(api: Api) -> Sendable:
    template = own_template()
    api.post("/workflows/templates", template)
    path = f"/workflows/templates/{template['id']}/versions"
    body = template | {"metadata": {"version": "1.1.0"}}
    return Sendable("POST", path, body, f"template-{template['id']}")


def retire_template(api: Api) -> Sendable:
    template = own_template()
    api.post("/workflows/templates", template)
    path = f"/workflows/templates/{template['id']}"
    return Sendable("DELETE", path, None, f"template-{template['id']}")


def apply_template(_: Api) -> Sendable:
    path = f"/workflows/apply/simple_review?content_uid={unique('page')}"
    return Sendable("POST", path, {"role_assignments": {"author": ["ann"]}})


def execute_transition(api: Api) -> Sendable:
    uid = api.apply_template()
    body = {"content_uid": uid, "transition_id": "submit", "comments": "Ready"}
    return Sendable("POST", "/workflows/transition", body, f"content-{uid}")


def change_roles(api: Api) -> Sendable:
    uid = api.apply_template()
    body = {"role_assignments": {"editor": ["ed"]}}
    return Sendable("PUT", f"/workflows/content/{uid}/roles", body, f"content-{uid}")


def remove_template(api: Api) -> Sendable:
    uid = api.apply_template()
    return Sendable("DELETE", f"/workflows/content/{uid}/template", None, f"content-{uid}")


# By the operation's id in the OpenAPI document. Every command must be here.
WITH_KEY: dict[str, Prepare] = {
    "createProcess": create_process,
    "createStep": create_step,
    "setRetention": set_retention,
    "restoreProcess": restore_process,
    "startRun": start_run,
    "updateStepRun": update_step_run,
    "rerunStepRun": rerun_step_run,
    "changeRunMetadata": change_run_metadata,
    "cancelRun": cancel_run,
    "restoreRun": restore_run,
    "neutralizeRun": neutralize_run,
    "createApiKey": create_api_key,
    "createApiKeyAsAdmin": create_api_key_as_admin,
    "toggleApiKey": toggle_api_key,
    "toggleApiKeyAsAdmin": toggle_api_key_as_admin,
    "registerUser": register_user,
    "changeUser": change_user,
    "registerWebhook": register_webhook,
    "changeWebhook": change_webhook,
    "rotateWebhookSecret": rotate_webhook_secret,
    "enableWebhook": enable_webhook,
    "disableWebhook": disable_webhook,
    "uploadDocument": upload_document,
    "processFile": process_file,
    "configure": configure,
    "reloadConfiguration": reload_configuration,
    "changeTeamAliases": change_team_aliases,
    "defineWorkflowTemplate": define_template,
    "reviseWorkflowTemplate": revise_template,
    "applyWorkflowTemplate": apply_template,
    "executeWorkflowTransition": execute_transition,
    "changeWorkflowRoles": change_roles,
    **stewardship_sent.WITH_KEY,
}
WITHOUT_KEY: dict[str, Prepare] = {
    "deleteProcess": delete_process,
    "deleteRun": delete_run,
    "revokeApiKey": revoke_api_key,
    "revokeApiKeyAsAdmin": revoke_api_key_as_admin,
    "unregisterWebhook": unregister_webhook,
    "retireWorkflowTemplate": retire_template,
    "removeWorkflowTemplate": remove_template,
    "cancelJob": cancel_job,
    "deleteDocument": delete_document,
    **stewardship_sent.WITHOUT_KEY,
}
COMMANDS = WITH_KEY | WITHOUT_KEY
