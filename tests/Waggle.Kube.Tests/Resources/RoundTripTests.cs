using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Tests.Resources;

public class RoundTripTests
{
    public static TheoryData<Type> Registered()
    {
        var data = new TheoryData<Type>();
        foreach (var attribute in typeof(KubeJsonContext).GetCustomAttributesData().Where(a => a.AttributeType == typeof(JsonSerializableAttribute)))
        {
            data.Add((Type)attribute.ConstructorArguments[0].Value!);
        }

        return data;
    }

    /// <summary>Fills every property of the type with something, writes, reads and writes again: a missing registration or a lossy converter shows.</summary>
    [Theory]
    [MemberData(nameof(Registered))]
    public void Json_EveryRegisteredType_SurvivesRoundTrip(Type type)
    {
        var info = KubeJson.Options.GetTypeInfo(type);
        var value = Filler.Make(type, 0);
        var first = JsonSerializer.Serialize(value, info);
        var again = JsonSerializer.Serialize(JsonSerializer.Deserialize(first, info), info);

        Assert.Equal(first, again);
        Assert.True(first.Length > 2, $"{type.Name} serialised to {first}");
    }

    [Theory]
    [MemberData(nameof(Registered))]
    public void Json_EmptyObject_ReadsWithoutNullCollections(Type type)
    {
        if (typeof(JsonNode).IsAssignableFrom(type) || type == typeof(PodTemplate))
        {
            return;
        }

        var value = JsonSerializer.Deserialize("{}", KubeJson.Options.GetTypeInfo(type))!;
        foreach (var property in type.GetProperties().Where(p => p.PropertyType != typeof(string) && typeof(System.Collections.IEnumerable).IsAssignableFrom(p.PropertyType)))
        {
            Assert.NotNull(property.GetValue(value));
        }
    }

    [Fact]
    public void Json_NullCollections_ReadAsEmpty()
    {
        var pod = JsonSerializer.Deserialize("""{"metadata":{"labels":null,"finalizers":null},"spec":{"containers":null},"status":null}""", KubeJson.TypeInfo<Pod>())!;

        Assert.Empty(pod.Metadata.Labels);
        Assert.Empty(pod.Metadata.Finalizers);
        Assert.Empty(pod.Spec.Containers);
        Assert.Empty(pod.Status.Conditions);
    }

    [Fact]
    public void PodTemplate_UnknownFields_Kept()
    {
        const string Json = """{"metadata":{"name":"d"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","futureField":{"x":1}}],"anotherOne":true}}}}""";
        var deployment = JsonSerializer.Deserialize(Json, KubeJson.TypeInfo<Deployment>())!;

        Assert.Equal("c", deployment.Spec.Template!.Spec.Containers[0].Name);
        Assert.Equal("b", deployment.Spec.Template.Metadata.Labels["a"]);
        Assert.Equal(Json, JsonSerializer.Serialize(deployment, KubeJson.TypeInfo<Deployment>()));
    }

    [Fact]
    public void Times_WrittenAsKubernetesDoes()
    {
        var at = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(2));
        var lease = new Lease { Metadata = new() { CreationTimestamp = at }, Spec = new() { RenewTime = at } };
        var json = KubeJson.ToJson(lease);

        Assert.Equal("2026-02-03T02:05:06Z", (string?)json["metadata"]!["creationTimestamp"]);
        Assert.Equal("2026-02-03T02:05:06.789000Z", (string?)json["spec"]!["renewTime"]);
        Assert.Equal(at, KubeJson.FromJson<Lease>(json).Spec.RenewTime);
    }

    [Fact]
    public void CiliumFormats_KnownNames()
    {
        var identity = new CiliumIdentity { SecurityLabels = new Dictionary<string, string> { ["k8s:app"] = "web" } };
        Assert.Equal("""{"security-labels":{"k8s:app":"web"}}""", KubeJson.ToJson(identity).ToJsonString());
        var endpoint = new CiliumEndpoint
        {
            Status = new()
            {
                Id = 7,
                State = "ready",
                Identity = new() { Id = 1000, Labels = ["k8s:app=web"] },
                Networking = new() { Addressing = [new() { Ipv4 = "10.0.1.2" }], Node = "172.18.0.2" },
                ExternalIdentifiers = new() { K8sPodName = "web" },
                NamedPorts = [new() { Name = "http", Port = 80, Protocol = "TCP" }],
            },
        };
        Assert.Equal(
            """{"status":{"id":7,"state":"ready","identity":{"id":1000,"labels":["k8s:app=web"]},"networking":{"addressing":[{"ipv4":"10.0.1.2"}],"node":"172.18.0.2"},"external-identifiers":{"k8s-pod-name":"web"},"named-ports":[{"name":"http","port":80,"protocol":"TCP"}]}}""",
            KubeJson.ToJson(endpoint).ToJsonString());
        var node = new CiliumNode { Spec = new() { Addresses = [new() { Type = "InternalIP", Ip = "172.18.0.2" }], Ipam = new() { PodCidrs = ["10.0.1.0/24"] }, Health = new() { Ipv4 = "10.0.1.5" } } };
        Assert.Equal("""{"spec":{"addresses":[{"type":"InternalIP","ip":"172.18.0.2"}],"ipam":{"podCIDRs":["10.0.1.0/24"]},"health":{"ipv4":"10.0.1.5"}}}""", KubeJson.ToJson(node).ToJsonString());
    }

    [Theory]
    [InlineData("25%", 10, true, 3)]
    [InlineData("25%", 10, false, 2)]
    [InlineData("100%", 3, true, 3)]
    [InlineData("7", 3, true, 7)]
    public void IntOrString_Of_RoundsAsAsked(string text, int total, bool up, int expected) => Assert.Equal(expected, new IntOrString(text).Of(total, up));

    [Fact]
    public void IntOrString_Nonsense_FormatException() => Assert.Throws<FormatException>(() => new IntOrString("x%").Of(1, true));

    [Fact]
    public void Secret_ToString_ShowsNoValue() =>
        Assert.DoesNotContain("hunter2", new Secret { Metadata = new() { Name = "s" }, Data = new Dictionary<string, string> { ["p"] = "hunter2" } }.ToString(), StringComparison.Ordinal);

    /// <summary>Reflection is fine in a test.</summary>
    private static class Filler
    {
        internal static object? Make(Type type, int depth)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (depth > 12)
            {
                return null;
            }

            return Scalar(type) ?? Collection(type, depth) ?? Record(type, depth);
        }

        private static object? Scalar(Type type)
        {
            if (type == typeof(string)) return "text";
            if (type == typeof(bool)) return true;
            if (type == typeof(int)) return 7;
            if (type == typeof(long)) return 8L;
            if (type == typeof(DateTimeOffset)) return new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
            if (type == typeof(IntOrString)) return new IntOrString("25%");
            if (type == typeof(JsonElement)) return JsonSerializer.SerializeToElement(new JsonObject { ["x"] = 1 }, KubeJson.TypeInfo<JsonObject>());
            if (type == typeof(JsonObject) || type == typeof(JsonNode)) return new JsonObject { ["x"] = 1 };
            return type == typeof(PodTemplate) ? PodTemplate.Create(new() { Name = "t" }, new() { NodeName = "n" }) : null;
        }

        private static object? Collection(Type type, int depth)
        {
            if (!type.IsGenericType)
            {
                return null;
            }

            var arguments = type.GetGenericArguments();
            var made = Make(arguments[^1], depth + 1);
            if (type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            {
                var list = Array.CreateInstance(arguments[0], made is null ? 0 : 1);
                if (made is not null)
                {
                    list.SetValue(made, 0);
                }

                return list;
            }

            var dictionary = (System.Collections.IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(arguments))!;
            dictionary["key"] = made;
            return dictionary;
        }

        private static object Record(Type type, int depth)
        {
            var value = Activator.CreateInstance(type, nonPublic: true)!;
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite && p.GetIndexParameters().Length == 0))
            {
                property.SetValue(value, Make(property.PropertyType, depth + 1));
            }

            return value;
        }
    }
}
