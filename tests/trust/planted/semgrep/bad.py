"""One line for each of our rules that it must find. Nothing imports this file."""

# ruff: noqa
# fmt: off
cursor.execute(f"select * from t where a = {x}")  # finds: sql-made-of-text
Report.objects.extra(where=["a = 1"])  # finds: sql-inside-the-orm
Report.objects.raw("select 1")  # finds: raw-query
mark_safe(text)  # finds: markup-from-text
Template(text)  # finds: template-from-text
logger.warning("failed for %s", request.GET["q"])  # finds: request-in-log
print(unseal(cipher, table="t", column="c", row="r"))  # finds: protected-value-printed
cursor.execute("select set_config('anwang.context', %s, false)", [x])  # finds: context-not-local
cursor.execute("select current_setting('anwang.context')")  # finds: context-read-apart
open(request.GET["path"])  # finds: path-of-a-visitor
door = csrf_exempt(view)  # finds: no-token-asked
import datetime; datetime.datetime.now()  # finds: another-clock
subprocess.run(line, shell=True)  # finds: code-from-text
random.choice(letters)  # finds: chance-that-can-be-guessed
hashlib.md5(text)  # finds: weak-digest
requests.get(address)  # finds: address-from-outside
import xml.etree.ElementTree; xml.etree.ElementTree.parse(path)  # finds: xml-read
