import warnings
from importlib import import_module

with warnings.catch_warnings():
    # pulumi_aws warns of a class of its own while it loads the module; nobody here uses that class.
    warnings.simplefilter("ignore", DeprecationWarning)
    import_module("lepton_components.aws")
