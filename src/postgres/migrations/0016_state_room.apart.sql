-- Room for a second version of every row of a page. Patients who were written together are written together again, so all rows
-- of a page change in one transaction, and what it replaces can be removed only after it: with a fifth of the page free most
-- rows went to another page, with an entry in the index and a page image for each. Pages that are there keep their rows.

alter table aorta_state set (fillfactor = 50)
