# Dulwich's smart HTTP server over one repository.
import os

from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

application = make_wsgi_chain(DictBackend({'/big.git': Repo(os.environ['E2E_GIT'])}))
