"""A Bottle application."""

import os

import bottle
from bottle import HTTPResponse, abort, redirect, request, response, static_file

app = application = bottle.Bottle()


@app.route('/')
def index():
    return 'Bottle at ' + request.script_name


@app.route('/hello/<name:path>')
def hello(name):
    return {'name': name, 'url': request.url, 'query': dict(request.query.decode())}


@app.post('/form')
def form():
    return dict(request.forms.decode())


@app.post('/upload')
def upload():
    f = request.files.get('f')
    data = f.file.read()
    response.content_type = 'application/octet-stream'
    return data[::-1]


@app.route('/cookie')
def cookie():
    count = int(request.get_cookie('count', secret='s') or 0) + 1
    response.set_cookie('count', str(count), secret='s')
    return str(count)


@app.route('/static')
def static():
    path = os.environ['E2E_FILE']
    return static_file(os.path.basename(path), root=os.path.dirname(path))


@app.route('/stream')
def stream():
    response.content_type = 'text/plain'
    for i in range(500):
        yield 'line %d\n' % i


@app.route('/redirect')
def away():
    redirect('/hello/there')


@app.route('/teapot')
def teapot():
    return HTTPResponse('short and stout', 418, {'X-Pot': 'tea'})


@app.route('/denied')
def denied():
    abort(401, 'denied here')


@app.route('/fail')
def fail():
    raise ZeroDivisionError('inside Bottle')
