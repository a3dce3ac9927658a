using Waggle.Agent.Endpoints;
using Waggle.State.Tables;

namespace Waggle.Agent.Startup;

/// <summary>Table <c>endpoints</c> is complete when the saved endpoints are in it: only then may anything be pruned.</summary>
internal sealed class EndpointInitializer(EndpointTable table)
{
    private readonly TableInitializer _initializer = table.RegisterInitializer("saved endpoints");

    public void Complete() => _initializer.Complete();
}
