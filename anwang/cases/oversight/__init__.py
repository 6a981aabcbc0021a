"""Looking over each other's shoulder: conflicts, attempts, broken glass, alarms, notices."""
