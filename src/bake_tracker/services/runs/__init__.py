"""What productions and assemblies share: the request, the rows and the lots that were really used."""
