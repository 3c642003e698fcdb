"""An event as a feed shows it: privacy, cancelled events, window, and forms all clients read alike.

Pure: the day is a parameter. The results are events of the same model, each one UID family, that
rendering only has to write down.
"""
