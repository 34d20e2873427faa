"""The cost of the pages and the API, alone and under the load of many bakers."""
