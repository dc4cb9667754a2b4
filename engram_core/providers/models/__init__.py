"""The built-in models: their files, their notice, and the script that makes them (`build`)."""
