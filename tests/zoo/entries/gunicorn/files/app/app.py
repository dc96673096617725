"""A Flask application: what its parts do is in modules of its own."""
import logging

from flask import Flask, abort, g, jsonify, redirect, render_template, request, session, stream_with_context, url_for
from werkzeug.exceptions import HTTPException

import system
import work

application = Flask(__name__)
application.secret_key = "not a secret"
application.config.update(MAX_CONTENT_LENGTH=4 << 20, JSON_SORT_KEYS=True)
application.register_blueprint(work.routes, url_prefix="/work")
application.register_blueprint(system.routes, url_prefix="/system")
logging.basicConfig(level=logging.INFO)


@application.before_request
def begin():
    g.begun = request.path


@application.after_request
def end(response):
    response.headers["X-Begun"] = g.get("begun", "nothing")
    return response


@application.errorhandler(HTTPException)
def failed(error):
    return jsonify(code=error.code, name=error.name), error.code


@application.errorhandler(ZeroDivisionError)
def divided(error):
    return jsonify(error=str(error)), 500


@application.route("/")
def index():
    return render_template("index.html", title="Zoo & more", items=[{"name": "tea", "price": 2.5}, {"name": "<b>Kaffee</b>", "price": 3}])


@application.route("/json")
def json():
    return jsonify(ok=True, text="grüße", numbers=[1, 2.5, 1e100], nothing=None)


@application.route("/echo", methods=["POST", "PUT"])
def echo():
    return request.get_data(), 200, {"Content-Type": request.content_type or "application/octet-stream"}


@application.route("/items/<int:number>/<path:rest>")
def item(number, rest):
    return jsonify(number=number, rest=rest, url=url_for("item", number=number + 1, rest="a b"), arguments=request.args.to_dict(flat=False))


@application.route("/form", methods=["POST"])
def form():
    files = {name: [f.filename, f.mimetype, len(f.read())] for name, f in request.files.items()}
    return jsonify(files=files, form=request.form.to_dict(flat=False))


@application.route("/parsed", methods=["POST"])
def parsed():
    return jsonify(kind=type(request.get_json()).__name__, value=request.get_json())


@application.route("/login")
def login():
    session["name"] = request.args["name"]
    session["list"] = [1, 2]
    return redirect(url_for("index"), code=303)


@application.route("/whoami")
def whoami():
    return jsonify(name=session.get("name"), list=session.get("list"))


@application.route("/stream")
def stream():
    import time

    def lines():
        for i in range(5):
            yield f"data: {i} {request.path}\n\n"
            time.sleep(0.06)
    return application.response_class(stream_with_context(lines()), mimetype="text/event-stream")


@application.route("/big")
def big():
    block, n = bytes(i * 7 & 255 for i in range(65536)), int(request.args["n"])
    return application.response_class((block[:min(65536, n - at)] for at in range(0, n, 65536)), mimetype="application/octet-stream")


@application.route("/sleep")
def sleep():
    import time
    time.sleep(int(request.args["ms"]) / 1000)
    return "slept\n"


@application.route("/fail/<kind>")
def fail(kind):
    if kind == "abort":
        abort(418)
    if kind == "divide":
        return str(1 // 0)
    if kind == "missing":
        return render_template("no-such.html")
    raise RuntimeError("failed " + kind)
