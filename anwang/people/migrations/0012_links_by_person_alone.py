"""Links are found by their person alone, and those that people have said by themselves.

Nobody asks for a person's links in the order of time; with the time in it every link had an entry of its own,
at a random place of an index that grew past the memory while a nation was loaded. Entries of one person now
share a page. What people have said was looked for through all that machines have.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0011_words_validated")]
    operations = [
        migrations.AddIndex(
            "link", models.Index(fields=["person"], name="links_naming_person")
        ),
        migrations.RemoveIndex("link", "links_of_person"),
        migrations.AddIndex(
            "link",
            models.Index(
                fields=["-judged_at"], condition=models.Q(("by_person", True)),
                name="links_said_by_people",
            ),
        ),
    ]
