"""The package of components, as `pulumi package add` takes it for programs in any of Pulumi's languages."""

from pulumi.provider.experimental import component_provider_host

from lepton_components import AutoscalingGroup, Budget, EncryptedNetwork, GpuCluster, Keys, Storage

if __name__ == "__main__":
    component_provider_host(
        name="lepton", components=[AutoscalingGroup, Budget, EncryptedNetwork, GpuCluster, Keys, Storage], version="0.1.0"
    )
