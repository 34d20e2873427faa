"""What it looks like on paper: readers and writers of CSV, XLSX, PDF and saved web pages."""
