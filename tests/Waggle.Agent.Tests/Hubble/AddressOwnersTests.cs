using Waggle.Agent.Hubble;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Tests.Hubble;

public sealed class AddressOwnersTests
{
    private static readonly FlowAddress s_address = FlowAddress.FromIPv4(0x0a000107);
    private readonly AddressOwners _owners = new();

    [Fact]
    public void Find_OfAnEventBeforeTheSuccessor_IsThePredecessor()
    {
        EndpointInfo first = Pod("first"), second = Pod("second"), third = Pod("third");
        _owners.Set(s_address, first, 100);
        _owners.Set(s_address, second, 200);
        _owners.Set(s_address, third, 300);
        Assert.Null(_owners.Find(s_address, 99));
        Assert.Same(first, _owners.Find(s_address, 100));
        Assert.Same(first, _owners.Find(s_address, 199));
        Assert.Same(second, _owners.Find(s_address, 200));
        Assert.Same(third, _owners.Find(s_address, 1000));
        Assert.Same(third, _owners.Find(s_address, 0));
    }

    [Fact]
    public void Set_OfTheSameOwner_KeepsItsTime()
    {
        EndpointInfo first = Pod("first"), second = Pod("second"), relabelled = Pod("second");
        _owners.Set(s_address, first, 100);
        _owners.Set(s_address, second, 200);
        _owners.Set(s_address, relabelled, 200, same: second);
        Assert.Same(first, _owners.Find(s_address, 150));
        Assert.Same(relabelled, _owners.Find(s_address, 200));
    }

    [Fact]
    public void End_UntilTheSuccessorIsKnown_IsNobody()
    {
        EndpointInfo first = Pod("first"), second = Pod("second");
        _owners.SetLate(s_address, first, 100, same: null);
        Assert.Same(first, _owners.Find(s_address, 50)); // the news came after its first packets
        _owners.End(s_address, first, 200);
        Assert.Same(first, _owners.Find(s_address, 199));
        Assert.Null(_owners.Find(s_address, 200));
        Assert.Null(_owners.Find(s_address, 0));
        _owners.SetLate(s_address, second, 300, same: null);
        Assert.Same(first, _owners.Find(s_address, 199));
        Assert.Null(_owners.Find(s_address, 250));
        Assert.Same(second, _owners.Find(s_address, 300));
        _owners.End(s_address, first, 400); // late news of a predecessor
        Assert.Same(second, _owners.Find(s_address, 500));
    }

    [Fact]
    public void Forget_DropsPredecessorsOnly()
    {
        EndpointInfo first = Pod("first"), second = Pod("second"), third = Pod("third");
        _owners.Set(s_address, first, 100);
        _owners.Set(s_address, second, 200);
        _owners.Set(s_address, third, 300);
        _owners.Forget(250);
        Assert.Null(_owners.Find(s_address, 150));
        Assert.Same(second, _owners.Find(s_address, 250));
        Assert.Same(third, _owners.Find(s_address, 300));
        _owners.Remove(s_address, second); // has a successor
        Assert.Same(third, _owners.Find(s_address, 300));
        _owners.Remove(s_address, third);
        Assert.Equal(0, _owners.Count);
    }

    [Fact]
    public void Set_OfAThousandOwners_RemembersTheLastFew()
    {
        EndpointInfo[] pods = [.. Enumerable.Range(0, 1000).Select(i => Pod($"p{i}"))];
        for (int i = 0; i < pods.Length; i++)
        {
            _owners.Set(s_address, pods[i], 1 + i);
        }

        Assert.Same(pods[999], _owners.Find(s_address, 1000));
        Assert.Same(pods[990], _owners.Find(s_address, 991));
        Assert.Null(_owners.Find(s_address, 500));
        _owners.Forget(5000);
        Assert.Null(_owners.Find(s_address, 999));
        Assert.Same(pods[999], _owners.Find(s_address, 1000));
    }

    [Fact]
    public void Set_OfANode_ReplacesAll()
    {
        EndpointInfo pod = Pod("pod"), node = Pod("");
        _owners.Set(s_address, pod);
        _owners.Set(s_address, node);
        Assert.Same(node, _owners.Find(s_address, 1));
    }

    private static EndpointInfo Pod(string name) => new() { PodName = name };
}
