"""What the pages and the API share: who may, how it is told, and how a refusal looks."""
