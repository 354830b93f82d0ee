import hashlib

from django.contrib import admin
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from django_site import settings


def index(request):
    return HttpResponse('Django at %s, %s' % (request.path, request.build_absolute_uri()))


@csrf_exempt
def upload(request):
    data = request.FILES['f'].read()
    return HttpResponse(hashlib.sha256(data).hexdigest())


def database(request):
    return FileResponse(open(settings.DATABASES['default']['NAME'], 'rb'))


def stream(request):
    return StreamingHttpResponse(b'part %d\n' % i for i in range(300))


def fail(request):
    raise ZeroDivisionError('inside Django')


urlpatterns = [
    path('', index), path('caf\xe9/<str:name>', lambda r, name: HttpResponse(name)),
    path('upload', upload), path('database', database), path('stream', stream),
    path('fail', fail), path('admin/', admin.site.urls),
]
