"""An attempt keeps all that an address names: two ids are longer than 64 signs, and the second was cut."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("access", "0025_names_by_need")]
    operations = [
        migrations.AlterField("attempt", "named", models.CharField(max_length=160)),
    ]
