using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Json;

/// <summary>Generated JSON metadata of the Kubernetes surface; use it through <see cref="KubeJson"/>.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(PodTemplate))]
[JsonSerializable(typeof(PodTemplate.Typed))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(DaemonSet))]
[JsonSerializable(typeof(ControllerRevision))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(Binding))]
[JsonSerializable(typeof(TokenRequest))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(CustomResourceDefinition))]
[JsonSerializable(typeof(CiliumNode))]
[JsonSerializable(typeof(CiliumIdentity))]
[JsonSerializable(typeof(CiliumEndpoint))]
[JsonSerializable(typeof(IsovalentMulticastGroup))]
[JsonSerializable(typeof(MulticastNode))]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(KubeStatus))]
[JsonSerializable(typeof(DeleteBody))]
[JsonSerializable(typeof(ApiResourceList))]
[JsonSerializable(typeof(ApiGroupList))]
[JsonSerializable(typeof(ApiVersions))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonNode))]
internal sealed partial class KubeJsonContext : JsonSerializerContext;
