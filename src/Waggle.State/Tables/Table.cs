using System.Text.Json.Nodes;

namespace Waggle.State.Tables;

/// <summary>What is common to all tables, and all that inspection commands need.</summary>
public abstract class Table
{
    private protected Table(StateDb db, string name)
    {
        Db = db;
        Name = name;
    }

    public StateDb Db { get; }

    /// <summary>Unique name, as in <c>waggle state NAME</c>.</summary>
    public string Name { get; }

    /// <summary>Column headers for people.</summary>
    public abstract IReadOnlyList<string> ColumnNames { get; }

    /// <summary>Number of rows now.</summary>
    public int Count => Latest.Count;

    /// <summary>Grows by one with every changed row.</summary>
    public ulong Revision => Latest.Revision;

    /// <summary>True when every registered source has delivered its first complete state.</summary>
    public bool IsInitialized => Latest.Pending.IsEmpty;

    /// <summary>Sources that are still missing.</summary>
    public IReadOnlyList<string> PendingInitializers => Latest.Pending;

    internal int Id { get; private protected set; }

    internal Lock Gate { get; } = new();

    internal TableState Latest => Db.Read().States[Id];

    /// <summary>Every row as cells in the order of <see cref="ColumnNames"/>, sorted by key.</summary>
    public abstract IEnumerable<IReadOnlyList<string>> RenderRows();

    /// <summary>Every row as JSON, sorted by key.</summary>
    public abstract IEnumerable<JsonNode> RenderJson();

    /// <summary>The present rows and then every change, until cancelled.</summary>
    public abstract IAsyncEnumerable<RenderedChange> WatchRenderedAsync(CancellationToken cancellation);

    /// <summary>Completes when the table's revision exceeds <paramref name="revision"/>.</summary>
    public async Task WaitForChangeAsync(ulong revision, CancellationToken cancellation = default)
    {
        while (Latest is var state && state.Revision <= revision)
        {
            await state.Superseded.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Completes when every source has delivered its first complete state.</summary>
    public async Task WaitInitializedAsync(CancellationToken cancellation = default)
    {
        while (Latest is var state && !state.Pending.IsEmpty)
        {
            await state.Superseded.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Announces a source; the table counts as initialised only after it completed.</summary>
    public TableInitializer RegisterInitializer(string source)
    {
        using var transaction = Db.Write(this);
        var name = transaction.AddPending(this, source);
        transaction.Commit();
        return new(this, name);
    }

    internal abstract TableState EmptyState();

    internal abstract TableChange BeginChange();
}

/// <param name="Revision">Table revision of the change.</param>
/// <param name="IsDeleted">The row is gone; the cells are its last.</param>
/// <param name="IsReset">The watcher fell too far behind: forget everything, all rows follow. Cells and JSON are then empty.</param>
/// <param name="Cells">Texts in the order of <see cref="Table.ColumnNames"/>.</param>
/// <param name="Json">The row as JSON.</param>
public sealed record RenderedChange(ulong Revision, bool IsDeleted, bool IsReset, IReadOnlyList<string> Cells, JsonNode? Json);

/// <summary>How a row is shown in one column.</summary>
public sealed record Column<TRow>(string Name, Func<TRow, string> Text);

/// <summary>A source's promise to deliver its first complete state.</summary>
public sealed class TableInitializer
{
    internal TableInitializer(Table table, string name)
    {
        Table = table;
        Name = name;
    }

    public string Name { get; }

    internal Table Table { get; }

    /// <summary>The first complete state is in the table. Use <see cref="WriteTransaction.Complete"/> to say so together with the rows. Idempotent.</summary>
    public void Complete()
    {
        using var transaction = Table.Db.Write(Table);
        transaction.Complete(this);
        transaction.Commit();
    }
}
