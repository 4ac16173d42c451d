-- Where data lives: as it was loaded, as it was built, and what the meta layer has answered.

use role sysadmin;

create database if not exists RAW comment = 'What Airbyte loads: one schema per source';

create database if not exists ANALYTICS comment = 'What dbt builds: staging, intermediate, marts';
create schema if not exists ANALYTICS.STAGING;
create schema if not exists ANALYTICS.INTERMEDIATE;
create schema if not exists ANALYTICS.MARTS;

create database if not exists META comment = 'What the meta layer has answered, and when';
create schema if not exists META.LAYER;
