"""Makes a Plone site in a directory, serves it and says on which port.

Run by a Python that has Plone: real_site.py DIRECTORY USERNAME PASSWORD.
"""
# mypy: disable-error-code="import-not-found, import-untyped"

import sys
from pathlib import Path
from typing import Any

import transaction
import waitress
import Zope2
from AccessControl.SecurityManagement import newSecurityManager
from Products.CMFPlone.factory import addPloneSite
from Testing.makerequest import makerequest
from zope.component.hooks import setSite
from Zope2.Startup.run import make_wsgi_app
from ZPublisher.httpexceptions import HTTPExceptionHandler

CONFIGURATION = """
instancehome {home}
<zodb_db main>
  <blobstorage>
    blob-dir {home}/blobs
    <filestorage>
      path {home}/Data.fs
    </filestorage>
  </blobstorage>
  mount-point /
</zodb_db>
"""

COMPONENTS = """
<configure
    xmlns="http://namespaces.zope.org/zope"
    xmlns:five="http://namespaces.zope.org/five">
  <include package="Zope2.App" />
  <include package="Products.GenericSetup" file="meta.zcml" />
  <include package="Products.CMFPlone" file="meta.zcml" />
  <five:loadProducts file="meta.zcml" />
  <five:loadProducts />
  <include package="Products.CMFPlone" />
  <include package="plone.app.contenttypes" />
  <five:loadProductsOverrides />
</configure>
"""


def make_and_serve(home: Path, username: str, password: str) -> None:
    (home / "etc").mkdir(parents=True)
    (home / "blobs").mkdir()
    (home / "etc" / "site.zcml").write_text(COMPONENTS)
    configuration = home / "etc" / "zope.conf"
    configuration.write_text(CONFIGURATION.format(home=home))

    served = HTTPExceptionHandler(make_wsgi_app({}, str(configuration)))
    make_site(Zope2.app(), username, password)
    server = waitress.create_server(served, host="127.0.0.1", port=0, threads=2)
    print("PORT", server.effective_port, flush=True)  # noqa: T201 - to who started this
    server.run()


def make_site(root: Any, username: str, password: str) -> None:
    root = makerequest(root)
    users = root.acl_users
    users.userFolderAddUser(username, password, ["Manager"], [])
    newSecurityManager(None, users.getUserById(username).__of__(users))
    profiles = ["plone.restapi:default", "plonetheme.barceloneta:default"]
    site = addPloneSite(root, "Plone", title="Plone", extension_ids=profiles, setup_content=False)
    setSite(site)
    site.portal_setup.runAllImportStepsFromProfile("profile-plone.app.contenttypes:default")
    site.portal_workflow.setDefaultChain("simple_publication_workflow")
    transaction.commit()


if __name__ == "__main__":
    make_and_serve(Path(sys.argv[1]), *sys.argv[2:])
