"""Pure rules of the registries: manifests, rows, facts and files in; checked values and faults
out.
"""
