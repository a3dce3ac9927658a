Console.WriteLine("waggle");
return 0;
