"""Messages between services: how long they wait, how often they come, who owes an answer."""
