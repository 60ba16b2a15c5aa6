from django.urls import include, path

from shop import views

urlpatterns = [
    path("", views.shop),
    path("orders", views.new_order),
    path("orders/<int:number>", views.order, name="order"),
    path("pokea/", include("pokea.client.django.urls")),
]
