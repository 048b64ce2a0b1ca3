"""Questions about code that what was seen of it at run time helps to answer: what a change reaches, where time goes."""
