"""A Flask application: routes, forms, uploads, sessions, streams, errors."""

import hashlib

from flask import (Flask, Response, abort, flash, get_flashed_messages, jsonify, make_response,
                   redirect, request, session, stream_with_context, url_for)

app = application = Flask(__name__)
app.secret_key = 'for the tests'


@app.route('/')
def index():
    return '<h1>Flask at %s</h1>' % request.script_root


@app.route('/hello/<path:name>')
def hello(name):
    return jsonify(name=name, url=request.url, root=request.url_root, args=request.args)


@app.route('/form', methods=['POST'])
def form():
    return jsonify(request.form)


@app.route('/upload', methods=['POST'])
def upload():
    f = request.files['f']
    data = f.read()
    return jsonify(name=f.filename, size=len(data), sha256=hashlib.sha256(data).hexdigest(),
                   note=request.form['note'])


@app.route('/json', methods=['PUT'])
def json():
    return jsonify(got=request.get_json())


@app.route('/login', methods=['POST'])
def login():
    session['user'] = request.form['user']
    flash('welcome')
    return redirect(url_for('who'))


@app.route('/who')
def who():
    return '%s %s' % (session.get('user'), get_flashed_messages())


@app.route('/cookies')
def cookies():
    response = make_response('two')
    response.set_cookie('one', 'eins', httponly=True)
    response.set_cookie('two', 'zw\xf6lf')
    return response


@app.route('/stream')
def stream():
    def lines():
        for i in range(1000):
            yield '%s line %d\n' % (request.path, i)
    return Response(stream_with_context(lines()), mimetype='text/plain')


@app.route('/teapot')
def teapot():
    abort(418)


@app.route('/fail')
def fail():
    raise ZeroDivisionError('inside Flask')
