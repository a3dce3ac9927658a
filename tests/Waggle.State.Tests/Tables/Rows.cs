using Waggle.State.Tables;

namespace Waggle.State.Tests.Tables;

internal sealed record Item(int Id, string Group, string? Address = null, int Value = 0);

internal sealed class ItemTable : Table<int, Item>
{
    internal ItemTable(StateDb db, string name = "items", int maxTombstones = 65536)
        : base(db, name, i => i.Id, [new("ID", i => $"{i.Id}"), new("GROUP", i => i.Group)], maxTombstones: maxTombstones)
    {
        ByGroup = AddIndex("group", i => i.Group);
        ByAddress = AddIndex<string>("address", i => i.Address is null ? [] : [i.Address], unique: true);
    }

    internal TableIndex<int, Item, string> ByGroup { get; }

    internal TableIndex<int, Item, string> ByAddress { get; }
}
