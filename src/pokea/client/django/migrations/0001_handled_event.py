"""Make the table of the events that were handled."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The first."""

    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="HandledEvent",
            fields=[
                ("id", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("handled_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"db_table": "pokea_handled_event"},
        ),
    )
