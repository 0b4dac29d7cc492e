"""What the system is made of: pools, tiers, tenants, whose data is whose, and findings."""
