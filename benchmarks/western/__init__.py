"""Western names through the same engine: FEBRL's records as columns, comparisons, a model's file.

Nothing here is of Taiwan and nothing of Taiwan is needed: `rows.py` makes columns of whole numbers,
`comparisons.py` declares levels over them with the expressions of `people/rules`, and `learning.py`
learnt their chances in `model.yaml` from the records alone: nobody told it a true pair.
"""
