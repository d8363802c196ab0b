"""Signs: what each shows, until when it may, and the page that shows it."""
