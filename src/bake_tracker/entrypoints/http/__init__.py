"""What the pages and the API share: access, logging, and how a refusal looks."""
