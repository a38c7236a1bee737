"""Every cloud satisfies the contract: this file only has to type-check."""

import lepton_components.aws
from lepton_components.contract import Cloud

AWS: Cloud = lepton_components.aws
