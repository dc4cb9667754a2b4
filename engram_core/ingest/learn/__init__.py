"""From turns to statements: extract candidates, match them, reconcile them into changes."""
