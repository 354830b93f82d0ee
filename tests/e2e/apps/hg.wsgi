# Mercurial's hgweb, as its own hgweb.wsgi has it.
import os

config = os.environb[b'E2E_HG_CONFIG']

from mercurial import demandimport; demandimport.enable()

from mercurial.hgweb import hgweb
application = hgweb(config)
