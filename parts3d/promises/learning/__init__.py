"""What promises learn from what happened: people's times, failures, outages, and how well kept.

Pure functions of observations, each shrunken to what is known of its kind, and robust. The server
keeps the results as rows, the simulator in memory. Print times: ``slicing.correction_fit``.
"""
