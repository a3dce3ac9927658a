using Waggle.Agent.Endpoints;

namespace Waggle.Agent.Tests.Endpoints;

public sealed class EndpointStoreTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("wgt-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Load_AfterSave_ReturnsTheSame()
    {
        var store = new EndpointStore(_root);
        var state = new EndpointState { Id = 7, ContainerId = "c", IfName = "eth0", Ipv4 = "10.0.1.5", Labels = ["k8s:a=b"], Identity = 300, Slot = 3 };
        store.Save(state);
        store.Save(state with { Slot = 4 });
        EndpointState back = Assert.Single(store.Load(out IReadOnlyList<string> damaged));
        Assert.Empty(damaged);
        Assert.Equal((7, "c", "10.0.1.5", 300u, 4, "k8s:a=b"), (back.Id, back.ContainerId, back.Ipv4, back.Identity, back.Slot, back.Labels[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"id\":8}")]
    public void Load_DamagedFile_IsPutAsideAndNamed(string content)
    {
        var store = new EndpointStore(_root);
        store.Save(new EndpointState { Id = 1 });
        store.Save(new EndpointState { Id = 2 });
        string file = Path.Combine(_root, "2", "endpoint.json");
        File.WriteAllText(file, content);
        Assert.Equal(1, Assert.Single(store.Load(out IReadOnlyList<string> damaged)).Id);
        Assert.Contains(file, Assert.Single(damaged));
        store.Load(out damaged);
        Assert.Empty(damaged);
    }

    [Fact]
    public void Remove_Twice_IsFine()
    {
        var store = new EndpointStore(_root);
        store.Save(new EndpointState { Id = 1 });
        store.Remove(1);
        store.Remove(1);
        Assert.Empty(store.Load(out _));
    }
}
