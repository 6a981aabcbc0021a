"""Tables as files: an ODS workbook that people edit, and DMN for other decision engines."""
