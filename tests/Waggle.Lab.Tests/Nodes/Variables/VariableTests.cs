using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Tests.Nodes.Variables;

public sealed class VariableTests
{
    private static readonly Dictionary<string, string> Known = new() { ["A"] = "1", ["B.c"] = "2" };

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)", "1")]
    [InlineData("x$(A)y$(B.c)z", "x1y2z")]
    [InlineData("$(NO)", "$(NO)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$(A", "$(A")]
    [InlineData("$A $", "$A $")]
    [InlineData("$()", "$()")]
    public void Expand_References_AsKubernetesDoes(string text, string expected) => Assert.Equal(expected, VariableExpansion.Expand(text, Known));

    [Theory]
    [InlineData("1", 1)]
    [InlineData("500m", 0.5)]
    [InlineData("1Ki", 1024)]
    [InlineData("64Mi", 67108864)]
    [InlineData("1e3", 1000)]
    [InlineData("1.5G", 1500000000)]
    public void Quantity_Parse_GivesItsValue(string text, double expected) => Assert.Equal((decimal)expected, Quantity.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("x")]
    [InlineData("Mi")]
    [InlineData("99999999999999999999999999999P")]
    public void Quantity_ParseOfSomethingElse_IsNull(string? text) => Assert.Null(Quantity.Parse(text));

    [Theory]
    [InlineData("metadata.name", "p")]
    [InlineData("metadata.labels['a/b']", "c")]
    [InlineData("metadata.labels['no']", "")]
    [InlineData("metadata.labels", "a/b=\"c\"\nq=\"x\\\"y\"")]
    [InlineData("status.podIP", "10.0.0.1")]
    [InlineData("status.podIPs", "10.0.0.1,fd00::1")]
    [InlineData("status.hostIP", "172.18.0.2")]
    [InlineData("spec.serviceAccountName", "default")]
    public void PodFields_Value_IsThePods(string path, string expected) => Assert.Equal(expected, PodFields.Value(Pod, Addresses, path));

    [Theory]
    [InlineData("spec.unknown")]
    [InlineData("metadata.labels['x")]
    [InlineData("")]
    public void PodFields_UnknownPath_IsRefused(string path) => Assert.Throws<ReferenceException>(() => PodFields.Value(Pod, Addresses, path));

    [Theory]
    [InlineData("limits.memory", null, "67108864")]
    [InlineData("limits.memory", "1Mi", "64")]
    [InlineData("limits.cpu", null, "1")]
    [InlineData("limits.cpu", "1m", "250")]
    [InlineData("requests.cpu", "1m", "250")]
    public void PodFields_Resource_IsDividedAndRoundedUp(string resource, string? divisor, string expected) =>
        Assert.Equal(expected, PodFields.Resource(Pod, "c", new ResourceFieldSelector { Resource = resource, Divisor = divisor }));

    private static PodAddresses Addresses => new(["10.0.0.1", "fd00::1"], ["172.18.0.2"]);

    private static Pod Pod => new()
    {
        Metadata = new ObjectMeta { Name = "p", Labels = new Dictionary<string, string> { ["q"] = "x\"y", ["a/b"] = "c" } },
        Spec = new PodSpec
        {
            Containers = [new Container { Name = "c", Resources = new ResourceRequirements { Limits = new Dictionary<string, string> { ["memory"] = "64Mi", ["cpu"] = "250m" } } }],
        },
    };
}
