"""What the pages and the API cost, alone and under the load of many bakers."""
